package cli

import (
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/credentials"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// clusterConfig is loadConfig for a node of a cluster.
func clusterConfig(file string, sets listFlag) (*node.Config, error) {
	cfg, err := loadConfig(file, sets)
	if err == nil && !cfg.Cluster.Clustered() {
		return nil, usage("give the configuration a section [cluster] with name and address: docs/reference/configuration.md",
			"this configuration is of a node without peers")
	}
	return cfg, err
}

// ClusterError says in the CLI's words why a node could not become one of a
// cluster; nil for an error of another kind.
func ClusterError(err error) *Failure {
	var fault *credentials.Fault
	var token *pki.TokenError
	switch {
	case errors.As(err, &fault):
		exit := ExitRefused
		if errors.Is(err, credentials.ErrUnreachable) {
			exit = ExitUnreachable
		}
		return &Failure{Exit: exit, Msg: fault.Text, Hint: fault.Hint, Cause: err}
	case errors.As(err, &token):
		return &Failure{Exit: ExitRefused, Msg: token.Text, Hint: token.Hint, Cause: err}
	}
	return nil
}

// clusterFailure is ClusterError, or err as a refusal.
func clusterFailure(err error) error {
	if f := ClusterError(err); f != nil {
		return f
	}
	return refused("", "%w", err)
}

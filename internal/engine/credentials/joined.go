package credentials

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Joined is what a node that was let in needs at the first start of its data
// folder.
type Joined struct {
	// Identity is the one the cluster expects from the folder.
	Identity identity.Identity
	// Members are those there were when it was let in, itself among them.
	Members *pb.Members
}

// joinedJSON is the file; ids are in hex, as logs show them.
type joinedJSON struct {
	ClusterID   string       `json:"cluster_id"`
	RaftID      string       `json:"raft_id"`
	Incarnation string       `json:"incarnation"`
	Index       uint64       `json:"members_index,omitempty"`
	Members     []memberJSON `json:"members,omitempty"`
}

type memberJSON struct {
	RaftID      string `json:"raft_id"`
	Incarnation string `json:"incarnation"`
	Name        string `json:"name"`
	Address     string `json:"address"`
	Role        string `json:"role"`
	TokenID     string `json:"token_id,omitempty"`
}

// ReadJoined reads what Join left in dir; nil when there is nothing.
func ReadJoined(dir string) (*Joined, error) {
	return readJoined(filepath.Join(dir, joinedFile))
}

// ForgetJoined removes it. A node does so once its data folder holds the
// identity for good and before it takes part for the first time: were the data
// folder lost later, the identity must not come back with an empty log.
func ForgetJoined(dir string) error { return removeFile(filepath.Join(dir, joinedFile)) }

func removeFile(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

func readJoined(path string) (*Joined, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j, ok := parseJoined(text)
	if !ok {
		return nil, &Fault{Text: path + " cannot be read", Hint: "remove the file and join again: holdfast cluster join"}
	}
	return j, nil
}

func parseJoined(text []byte) (*Joined, bool) {
	var f joinedJSON
	if json.Unmarshal(text, &f) != nil {
		return nil, false
	}
	h := hexes{}
	j := &Joined{Identity: identity.Identity{ClusterID: h.read(f.ClusterID), RaftID: h.read(f.RaftID), Incarnation: h.read(f.Incarnation)},
		Members: &pb.Members{Index: f.Index}}
	for _, m := range f.Members {
		role, ok := pb.MemberRole_value[m.Role]
		if !ok {
			return nil, false
		}
		j.Members.Members = append(j.Members.Members, &pb.Member{RaftId: h.read(m.RaftID), Incarnation: h.read(m.Incarnation),
			Name: m.Name, Address: m.Address, Role: pb.MemberRole(role), TokenId: m.TokenID})
	}
	return j, !h.bad && j.Identity.RaftID != 0 && j.Identity.Incarnation != 0
}

func writeJoined(path string, j *Joined) error {
	text, err := formatJoined(j)
	if err != nil {
		return err
	}
	return replaceFile(path, text, 0o644)
}

func formatJoined(j *Joined) ([]byte, error) {
	f := joinedJSON{ClusterID: hex16(j.Identity.ClusterID), RaftID: hex16(j.Identity.RaftID), Incarnation: hex16(j.Identity.Incarnation),
		Index: j.Members.GetIndex()}
	for _, m := range j.Members.GetMembers() {
		f.Members = append(f.Members, memberJSON{hex16(m.RaftId), hex16(m.Incarnation), m.Name, m.Address, m.Role.String(), m.TokenId})
	}
	text, err := json.MarshalIndent(f, "", "  ")
	return append(text, '\n'), err
}

func hex16(id uint64) string { return fmt.Sprintf("%016x", id) }

// hexes reads ids and remembers whether one could not be read.
type hexes struct{ bad bool }

func (h *hexes) read(text string) uint64 {
	id, err := strconv.ParseUint(text, 16, 64)
	h.bad = h.bad || err != nil
	return id
}

// pending is the identity to ask with: the one that was let in but never
// started, or the one of an earlier question whose answer was lost, or a fresh
// one. It is on disk when pending returns.
func pending(dir string) (identity.Identity, error) {
	for _, name := range []string{joinedFile, joiningFile} {
		if j, err := readJoined(filepath.Join(dir, name)); err != nil || j != nil {
			if err != nil {
				return identity.Identity{}, err
			}
			return j.Identity, nil
		}
	}
	return redraw(dir)
}

// redraw draws a fresh identity and forgets the others. The cluster's id is not
// ours to draw.
func redraw(dir string) (identity.Identity, error) {
	id, err := identity.New(rand.Reader)
	if err != nil {
		return identity.Identity{}, err
	}
	id.ClusterID = 0
	if err := ForgetJoined(dir); err != nil {
		return identity.Identity{}, err
	}
	return id, writeJoined(filepath.Join(dir, joiningFile), &Joined{Identity: id})
}

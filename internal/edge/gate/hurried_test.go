//go:build !race

package gate

const hurried = 1

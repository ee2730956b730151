package journal

import "fmt"

// Fault is damage of the journal: it names the entry or the tile where history
// stops being what it was.
type Fault struct {
	// Seq is the entry concerned, unless IsTile.
	Seq uint64
	// IsTile says that tile Tile of level Level is concerned.
	IsTile bool
	Level  uint32
	Tile   uint64
	// What is wrong with it.
	What string
}

func (f *Fault) Error() string {
	if f.IsTile {
		return fmt.Sprintf("journal: tile %d of level %d %s", f.Tile, f.Level, f.What)
	}
	return fmt.Sprintf("journal: entry %d %s", f.Seq, f.What)
}

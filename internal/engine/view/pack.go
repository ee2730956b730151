package view

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

var errPacked = errors.New("a packed row cannot be read")

// linePacker appends history lines to a row: a line is
//
//	seq and at as differences from the line before (uvarint, varint),
//	code (uvarint), amount (varint), counter (length, bytes),
//	entity (length+1, bytes; 0 stands for the line before's)
//
// The row's key holds the first line's seq, so its difference is 0.
type linePacker struct {
	row   []byte
	first uint64 // entry of the first line
	seq   uint64 // and of the last
	at    int64
	run   uint64 // the last line's entity, as a number
}

// start begins a row at entry seq.
func (p *linePacker) start(seq uint64) {
	p.row, p.first, p.seq, p.at, p.run = p.row[:0], seq, seq, 0, 0
}

// add appends a line; seq is at least that of the line before. run numbers the
// entity, from 1: lines with equal numbers have equal entities. Comparing the
// bytes instead would fetch the last line into the processor's cache each time.
func (p *linePacker) add(seq uint64, at int64, code uint64, amount int64, counter, entity []byte, run uint64) {
	p.row = binary.AppendUvarint(p.row, seq-p.seq)
	p.row = binary.AppendVarint(p.row, at-p.at)
	p.row = binary.AppendUvarint(p.row, code)
	p.row = binary.AppendVarint(p.row, amount)
	p.row = appendBytes(p.row, counter, 0)
	if p.run == run {
		p.row = append(p.row, 0)
	} else {
		p.row = appendBytes(p.row, entity, 1)
	}
	p.seq, p.at, p.run = seq, at, run
}

func appendBytes(row, b []byte, shift uint64) []byte {
	row = binary.AppendUvarint(row, uint64(len(b))+shift)
	return append(row, b...)
}

// unpackLines visits the lines of a row in order until visit returns false.
func unpackLines(row []byte, first uint64, visit func(*pb.HistoryLine) bool) error {
	d := decoder{rest: row}
	seq, at, entity := first, int64(0), ""
	for len(d.rest) > 0 {
		seq += d.uvarint()
		at += d.varint()
		line := &pb.HistoryLine{Seq: seq, At: at}
		line.Code = pb.PostingCode(d.uvarint())
		line.Amount = d.varint()
		line.Counter = d.text(d.uvarint())
		if n := d.uvarint(); n > 0 {
			entity = d.text(n - 1)
		}
		line.Entity = entity
		if d.bad {
			return errPacked
		}
		if !visit(line) {
			return nil
		}
	}
	return nil
}

// packSeq appends a sequence number to a row of them, as a difference.
func packSeq(row []byte, last, seq uint64) []byte { return binary.AppendUvarint(row, seq-last) }

// unpackSeqs appends first and the numbers packed after it.
func unpackSeqs(seqs []uint64, row []byte, first uint64) ([]uint64, error) {
	d := decoder{rest: row}
	seqs = append(seqs, first)
	for len(d.rest) > 0 && !d.bad {
		first += d.uvarint()
		seqs = append(seqs, first)
	}
	if d.bad {
		return nil, errPacked
	}
	return seqs, nil
}

// decoder takes numbers and bytes off the front of a row; once something is
// missing it is bad and answers zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	return took(d, n, size)
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.rest)
	return took(d, n, size)
}

func took[N uint64 | int64](d *decoder, n N, size int) N {
	if size <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) text(n uint64) string {
	if n > math.MaxInt32 || int(n) > len(d.rest) {
		d.bad, d.rest = true, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

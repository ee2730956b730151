package diagnose

import (
	"bytes"
	"crypto"
	_ "crypto/md5" // signatures made with the wrong hash are recognised
	_ "crypto/sha1"
	_ "crypto/sha512"
	"strconv"
)

// maxHashed bounds what one search hashes, in bytes.
const maxHashed = 128 << 20

// search looks for the message whose digest was signed.
type search struct {
	hash   crypto.Hash
	digest []byte
	// parts are the lines' candidates, the right one of each first.
	parts [][]candidate
	left  int
}

// match is a message that fits: which candidate of each line, and the frame.
type match struct {
	chosen  []candidate
	frame   frame
	message []byte
}

// exact says whether the message is the one that had to be signed.
func (m match) exact() bool {
	for _, c := range m.chosen {
		if c.text != nil {
			return false
		}
	}
	return m.frame.text == nil
}

// fits says whether a message has the digest.
func (s *search) fits(message []byte) bool {
	s.left -= len(message) + 64
	if s.hash == 0 {
		return bytes.Equal(message, s.digest) || sumOf(crypto.SHA256, message, s.digest)
	}
	return sumOf(s.hash, message, s.digest)
}

func sumOf(h crypto.Hash, message, digest []byte) bool {
	sum := h.New()
	sum.Write(message)
	return bytes.Equal(sum.Sum(nil), digest)
}

// find tries messages with no mistake, then with one, two, three: the simplest
// explanation is the likeliest.
func (s *search) find() (match, bool) {
	s.left = maxHashed
	for mistakes := 0; mistakes <= 3; mistakes++ {
		if m, ok := s.extend(make([]candidate, 0, len(s.parts)), mistakes); ok {
			return m, true
		}
		if s.left < 0 {
			break
		}
	}
	return match{}, false
}

// extend chooses a candidate for the next line, and a frame after the last.
func (s *search) extend(chosen []candidate, mistakes int) (match, bool) {
	if s.left < 0 {
		return match{}, false
	}
	if len(chosen) == len(s.parts) {
		return s.finish(chosen, mistakes)
	}
	for _, c := range s.parts[len(chosen)] {
		left := mistakes
		if c.text != nil {
			left--
		}
		if left < 0 {
			break // those that follow are mistakes too
		}
		if m, ok := s.extend(append(chosen, c), left); ok {
			return m, true
		}
	}
	return match{}, false
}

func (s *search) finish(chosen []candidate, mistakes int) (match, bool) {
	lines := make([][]byte, len(chosen))
	for i, c := range chosen {
		lines[i] = c.value
	}
	for _, f := range frames {
		if (f.text != nil) != (mistakes == 1) || mistakes > 1 {
			continue // exactly as many mistakes as asked for
		}
		if message := f.make(lines); s.fits(message) {
			return match{append([]candidate(nil), chosen...), f, message}, true
		}
	}
	return match{}, false
}

// stamps lists what may have been signed in place of a timestamp when the clock
// was read twice.
func stamps(text string) []candidate {
	list := []candidate{same([]byte(text))}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || len(text) > 12 {
		return list
	}
	for d := int64(1); d <= 5; d++ {
		for _, n := range []int64{at - d, at + d} {
			list = append(list, candidate{"timestamp_twice", []byte(strconv.FormatInt(n, 10)),
				&Text{"签名用的时间戳与请求头里的不同：时间取了两次。取一次，两处都用它。", "The timestamp that was signed is not the one that was sent: the clock was read twice. Read it once and use it in both places."}})
		}
	}
	return list
}

// units lists what may have been signed in place of a timestamp of another unit.
// They are many, and so are tried only where all else is right.
func units(text string) []candidate {
	list := []candidate{same([]byte(text))}
	at, err := strconv.ParseInt(text, 10, 64)
	add := func(n int64, zh, en string) {
		list = append(list, candidate{"timestamp_unit_mixed", []byte(strconv.FormatInt(n, 10)), &Text{zh, en}})
	}
	switch {
	case err != nil:
	case len(text) == 13:
		add(at/1000, "签名用的是秒，请求头里写的是毫秒。", "Seconds were signed and milliseconds sent.")
	case len(text) <= 10:
		for ms := int64(0); ms < 1000; ms++ {
			add(at*1000+ms, "签名用的是毫秒，请求头里写的是秒。", "Milliseconds were signed and seconds sent.")
		}
	}
	return list
}

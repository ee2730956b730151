package wechatjson

// Envelope is the body of a callback.
type Envelope struct {
	// ID is the event's UUID, equal at all attempts.
	ID string
	// CreateTime is when the notice came to be owed, RFC 3339 with the business offset.
	CreateTime string
	// Event names what happened.
	Event Event
	// Nonce is the seal's 12-character nonce.
	Nonce string
	// Ciphertext is the sealed plaintext with its tag, base64.
	Ciphertext string
}

// Body writes the envelope, in the order seen on the live service. The sealing
// algorithm is AEAD_AES_256_GCM; associated_data is written even when empty
// because SDKs fail without it.
func (e Envelope) Body() []byte {
	w := Writer{Buf: make([]byte, 0, 512+len(e.Ciphertext))}
	w.Open("")
	w.Str("id", e.ID)
	w.Str("create_time", e.CreateTime)
	w.Str("resource_type", e.Event.ResourceType)
	w.Str("event_type", e.Event.Type)
	w.Str("summary", e.Event.Summary)
	w.Open("resource")
	w.Str("original_type", e.Event.OriginalType)
	w.Str("algorithm", "AEAD_AES_256_GCM")
	w.Str("ciphertext", e.Ciphertext)
	w.Str("associated_data", e.Event.AssociatedData)
	w.Str("nonce", e.Nonce)
	w.Close()
	w.Close()
	return w.Buf
}

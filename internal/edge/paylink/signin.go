package paylink

// SignIn is what a tablet scans to open the till page signed in with a member of staff's
// token. The token is behind the #: a browser sends that to nobody, so that it is in no
// log of a server or of a proxy.
func SignIn(base, token string) string { return base + "/till/#" + token }

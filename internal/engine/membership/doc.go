// Package membership decides who may join the group, who gets a vote, and who may
// leave it, from what the leader knows of its members (member.Status). It changes
// nothing and waits for nothing: it returns what is to be proposed, or a *Refusal
// that says in a sentence why not and what to do. run/node asks it for operators
// and for nodes that come, engine/replica for learners that have caught up, and
// trial/sim for all three.
package membership

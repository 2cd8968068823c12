// Package call is what a call is: who is on it and in which role, whose turn it
// is, who interprets into what, and so who hears whom. It knows no network, no
// browser and no telephone (spec/calls.md).
package call

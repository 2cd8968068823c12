// Package exchange is the switchboard of one call at one station: it takes the
// voices of our own desks and telephones and those that come over the trunks,
// and lets each listener hear what package call says that he may, and no more.
package exchange

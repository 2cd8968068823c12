// Package api is the station's HTTP API, /api/v1: JSON for programs of our own
// side, with tokens that an administrator makes for one officer in one office.
// A program has the rights of that office at the desk and no others, and what
// it reads and does is audited under the officer's name.
//
// The operations stand in tables, one for each thing that people do (ops*.go).
// The server, the checks of what comes in, and the OpenAPI document at
// /api/v1/openapi.json are made from them.
//
// A request that changes something may carry an Idempotency-Key: sent again
// within a day it is answered as before and not done again.
package api

// Package stage is the demonstration: two stations in processes of their own,
// joined by cables that can be pulled, with scripted officers, the written part
// of the story as steps that measure what they say, and a page to play with.
// Nothing in a station knows of it.
package stage

// Command parley is the station, its command line and its tools in one binary.
// See parley --help and docs/.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command line, without the program's name, and returns the exit
// code (see exit.go). SIGINT and SIGTERM end the command in good order.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, streams{stdin, stdout, stderr}, realBackend())
}

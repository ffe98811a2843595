// Prints what Go's own resolver says of its argument.
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	addresses, err := net.LookupHost(os.Args[1])
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("0", strings.Join(addresses, " "))
}

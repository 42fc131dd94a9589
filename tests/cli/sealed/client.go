// A client of Go's own library.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	request, _ := http.NewRequest("GET", "https://api.test/echo", nil)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("API_TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Proto, answer.Status, string(body))
}

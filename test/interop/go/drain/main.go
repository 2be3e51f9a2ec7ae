// Shows that a call in flight is answered by a server that ends meanwhile. Whoever runs it ends the server when it says
// that the call has been sent.
//
//	go run ./drain ADDRESS
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	dispatch "portcullis.example/scheduler/gen/portcullis/dispatch/v1"
	inventory "portcullis.example/scheduler/gen/portcullis/inventory/v1"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()

	// Nothing enforces this host: to wait for it takes as long as the wait may take.
	request := &inventory.CreateHostRequest{HostId: "empty", Host: &inventory.Host{}}
	created, err := inventory.NewInventoryServiceClient(connection).CreateHost(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	type outcome struct {
		answer *dispatch.WaitForEnforcementResponse
		err    error
	}
	answered := make(chan outcome, 1)
	go func() {
		answer, err := dispatch.NewDispatchServiceClient(connection).WaitForEnforcement(ctx, &dispatch.WaitForEnforcementRequest{
			RevisionTokens: []string{created.GetRevisionToken()},
			Hosts:          []string{"hosts/empty"},
			Timeout:        durationpb.New(3 * time.Second),
		})
		answered <- outcome{answer, err}
	}()
	select {
	case early := <-answered:
		log.Fatalf("answered at once: %v %v", early.answer, early.err)
	case <-time.After(500 * time.Millisecond):
		fmt.Println("sent: a wait of 3s")
	}
	got := <-answered
	if got.err != nil {
		log.Fatalf("not answered: %v", got.err)
	}
	if got.answer.GetEnforced() || len(got.answer.GetLaggingHosts()) != 1 {
		log.Fatalf("not the answer: %v", got.answer)
	}
	fmt.Printf("answered: %s\n", got.answer.GetLaggingHosts()[0].GetMessage())

	_, err = inventory.NewInventoryServiceClient(connection).ListHosts(ctx, &inventory.ListHostsRequest{})
	if status.Code(err) != codes.Unavailable {
		log.Fatalf("a call after the end: %v", err)
	}
	fmt.Printf("refused: %v\n", status.Code(err))
}

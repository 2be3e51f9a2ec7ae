// Shows that a server bears the pings of a careful client: on one connection, each 10 s (the shortest that gRPC for Go
// allows), without a call and with an idle stream.
//
//	go run ./keepalive ADDRESS
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	dispatch "portcullis.example/scheduler/gen/portcullis/dispatch/v1"
)

const (
	pingEvery = 10 * time.Second
	// A server that counts strikes closes the connection at the third or fourth ping.
	watchFor = 45 * time.Second
)

func main() {
	idle := dial(os.Args[1])
	defer idle.Close()
	streaming := dial(os.Args[1])
	defer streaming.Close()
	ctx, cancel := context.WithTimeout(context.Background(), watchFor)
	defer cancel()
	stream, err := dispatch.NewDispatchServiceClient(streaming).WatchStatus(ctx, &dispatch.WatchStatusRequest{
		Hosts: []string{"hosts/nobody"},
	})
	if err != nil {
		log.Fatal(err)
	}
	idle.Connect()
	for state := idle.GetState(); state != connectivity.Ready; state = idle.GetState() {
		if !idle.WaitForStateChange(ctx, state) {
			log.Fatalf("not connected: %v", state)
		}
	}
	fmt.Printf("connected: a ping each %v\n", pingEvery)
	if idle.WaitForStateChange(ctx, connectivity.Ready) {
		log.Fatalf("the idle connection became %v", idle.GetState())
	}
	fmt.Printf("idle: one connection for %v\n", watchFor)
	for err == nil {
		_, err = stream.Recv()
	}
	if ctx.Err() == nil {
		log.Fatalf("the stream ended early: %v", err)
	}
	fmt.Printf("stream: open for %v\n", watchFor)
}

func dial(address string) *grpc.ClientConn {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: pingEvery, Timeout: 5 * time.Second, PermitWithoutStream: true,
		}))
	if err != nil {
		log.Fatal(err)
	}
	return connection
}

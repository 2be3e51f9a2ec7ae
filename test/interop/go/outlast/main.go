// Shows what the service config is good for: a call outlasts a server that is away for a moment. Whoever runs it starts the
// server when it says that the call has begun.
//
//	go run ./outlast ADDRESS SERVICE_CONFIG
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

	inventory "portcullis.example/scheduler/gen/portcullis/inventory/v1"
)

func main() {
	serviceConfig, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if _, err := listHosts("{}"); status.Code(err) != codes.Unavailable {
		log.Fatalf("without a service config: %v", err)
	}
	fmt.Println("refused: without a service config")
	began := time.Now()
	hosts, err := listHosts(string(serviceConfig))
	if err != nil {
		log.Fatalf("after %v: %v", time.Since(began), err)
	}
	fmt.Printf("outlasted: %d hosts\n", len(hosts.GetHosts()))
}

func listHosts(serviceConfig string) (*inventory.ListHostsResponse, error) {
	connection, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return inventory.NewInventoryServiceClient(connection).ListHosts(context.Background(), &inventory.ListHostsRequest{})
}

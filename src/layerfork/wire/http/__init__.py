"""HTTP/1, HTTP/2 and gRPC, followed from outside."""

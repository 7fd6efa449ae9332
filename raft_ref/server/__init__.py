"""What makes the node run: replicas, storage, transports, the key-value store."""

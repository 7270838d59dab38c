"""What the end-to-end tests are written with: a server to start, clients to ask it with, and a decoder of frames."""

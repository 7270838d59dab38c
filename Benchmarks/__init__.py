"""The benchmarks that `make bench` runs; docs/PERFORMANCE.md says what they measure and how."""

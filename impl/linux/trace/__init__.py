"""Text of kernels to events."""

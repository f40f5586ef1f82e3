"""Running Linux kernels: what their traces say, and who holds which pages."""

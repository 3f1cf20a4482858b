"""Where files are kept: on the local disk by default, in an S3 bucket by setting."""

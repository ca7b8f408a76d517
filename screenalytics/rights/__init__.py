"""What each service may do in MongoDB and in the bucket, and no more: declared here, written out for the servers."""

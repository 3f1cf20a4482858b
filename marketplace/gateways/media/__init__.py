"""What is inside the files people send: videos are probed and drawn a poster of, portraits are made anew."""

"""What a build tells about itself: its README, its pictures and its pages."""

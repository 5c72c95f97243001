"""Policy regions proven in floats: brackets around every change, and proven sets between."""

"""The web side: serves the API and the page, keeps SQL, starts workers. It never imports torch."""

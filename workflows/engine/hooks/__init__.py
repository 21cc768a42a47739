"""What comes from outside by itself, such as a service's calls to our address: taken once each."""

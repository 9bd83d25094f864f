"""The routes of workers on other machines, which are no part of the described API."""

"""The ground: what the apps stand on. Nothing here knows an app, nor what is composed above them."""

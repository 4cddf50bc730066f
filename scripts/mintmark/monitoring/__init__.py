"""What the prediction log says of models in production: drift, performance, alarms. Publishes and opens nothing."""

"""HTTP on the wire: requests, responses, and connections that are answered without a task where they can be."""

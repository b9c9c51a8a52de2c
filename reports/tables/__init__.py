"""Tables, whoever shows them."""

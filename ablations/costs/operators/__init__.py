"""The count of every operator of torch that a network may have, from shapes. No torch."""

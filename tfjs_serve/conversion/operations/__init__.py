"""Functions of tensors in graphs: specifications, and rules that lower them."""

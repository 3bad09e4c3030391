"""Who is told of which alert, when and in which message, as pure folds. The sending belongs to `engine`."""

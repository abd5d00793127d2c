"""History becomes a fitted model, and the model is checked on months not seen."""

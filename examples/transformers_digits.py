"""Hugging Face: the trainer derives from the mixin first."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from babysit.transformers import BabysitTrainerMixin


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))

    def forward(self, x, labels):
        logits = self.net(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class DigitsTrainer(BabysitTrainerMixin, Trainer):
    babysit_name = "transformers"


set_seed(0)
digits = load_digits()
images = torch.tensor(digits.data, dtype=torch.float32) / 16
examples = [{"x": x, "labels": int(y)} for x, y in zip(images, digits.target, strict=True)]
arguments = TrainingArguments(
    "digits",
    num_train_epochs=3,
    per_device_train_batch_size=32,
    gradient_accumulation_steps=2,
    save_strategy="no",
    remove_unused_columns=False,
    use_cpu=True,
    report_to=[],
)
DigitsTrainer(Digits(), arguments, train_dataset=examples).train()

"""A Hugging Face Trainer: accumulation with a smaller last window, evaluation, dropout."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from babysit.transformers import BabysitCallback, BabysitTrainerMixin


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))

    def forward(self, x, labels):
        logits = self.net(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class Sitting(BabysitTrainerMixin, Trainer):
    babysit_name = "transformers"


set_seed(11)
d = load_digits()
ds = [
    {"x": torch.tensor(a, dtype=torch.float32) / 16, "labels": int(b)}
    for a, b in zip(d.data, d.target, strict=True)
]
args = TrainingArguments(
    "hf_out",
    num_train_epochs=3,
    per_device_train_batch_size=32,
    learning_rate=2e-3,
    gradient_accumulation_steps=2,
    logging_steps=5,
    eval_strategy="epoch",
    save_strategy="no",
    report_to=[],
    use_cpu=True,
    disable_tqdm=True,
    remove_unused_columns=False,
)
if "callback" in sys.argv:
    trainer = Trainer(
        Net(), args, train_dataset=ds[:1480], eval_dataset=ds[1480:], callbacks=[BabysitCallback()]
    )
else:
    trainer = Sitting(Net(), args, train_dataset=ds[:1480], eval_dataset=ds[1480:])
trainer.train()

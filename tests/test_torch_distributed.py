"""Two processes train one network: DDP, ZeRO and FSDP2 with the rules of the course, and their checkpoints."""

import distributed_cases
import pytest
import torch
from distributed_cases import PEERS, SAVED, WORLD, alone, ours

pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without torch.distributed")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What each process found; one start for all tests, since starting takes longest."""
    folder = tmp_path_factory.mktemp("distributed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLOO_SOCKET_IFNAME", "lo")  # the machine may have no name that resolves
        torch.multiprocessing.spawn(distributed_cases.work, (str(folder),), WORLD)
    return [torch.load(folder / f"results-{rank}.pt") for rank in range(WORLD)]


def check(results, case, expected):
    for each in results:
        torch.testing.assert_close(each[case], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("way", ["ddp", "zero", "fsdp"])
def test_two_processes_end_where_one_does_and_where_torchs_own_optimizer_does(results, way, name):
    """The mean over the halves of a batch is the mean over the batch."""
    check(results, f"{way} {name} ours", alone(ours(name)))
    for each in results:
        torch.testing.assert_close(each[f"{way} {name} ours"], each[f"{way} {name} torch"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("full", [False, True], ids=["sharded", "full"])
def test_a_sharded_training_goes_on_after_a_checkpoint(results, name, full):
    check(results, f"saved {name} {full}", alone(ours(name)))


@pytest.mark.parametrize("name", SAVED)
def test_a_sharded_training_goes_on_in_one_process(results, name):
    check(results[:1], f"gathered {name}", alone(ours(name)))


@pytest.mark.parametrize("name", ["Normed", "Muon", *SAVED])
def test_a_rule_sees_a_sharded_tensor_as_one(results, name):
    check(results, f"fsdp {name} ours", alone(ours(name)))


def test_a_rule_that_sees_a_group_or_decomposes_matrices_refuses_shards(results):
    words = ("YellowFin takes the gradients of a group as one", "Shampoo decomposes", "EMA(SOAP) decomposes")
    for each in results:
        assert all(word in text for word, text in zip(words, each["refused"], strict=True))

"""What all pictures of the course must be: tests for files that have a fixture ``picture``, which import them."""

import test_plots as plots

__all__ = ["test_bundle_shows_itself_with_its_description", "test_nothing_is_clipped_and_descriptions_are_whole",
           "test_pictures_are_saved"]  # fmt: skip


LEAST_BYTES = 2_000  # of a PNG; a file with a bound of its own has it under the same name


def test_bundle_shows_itself_with_its_description(picture, request):
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert bundle["text/plain"] == picture.description
    assert getattr(request.module, "LEAST_BYTES", LEAST_BYTES) < len(picture.png()) < 160_000


def test_nothing_is_clipped_and_descriptions_are_whole(picture):
    picture.png()
    plots.test_nothing_is_clipped_or_overlaps(picture)
    plots.test_descriptions_are_sentences_and_carry_no_addresses(picture)


def test_pictures_are_saved(picture, tmp_path):
    before = picture.png()
    for ending in ("png", "svg", "pdf"):
        assert picture.save(tmp_path / f"x.{ending}").stat().st_size > 3_000
    assert picture.png() == before  # saving at another resolution leaves no trace

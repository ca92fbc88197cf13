"""The reader of a deployment: needs no database, queue or channel, so it is there at once."""

from functools import partial

from bots.reader import Reader
from gateway.settings import Settings
from parsers.understand import Thresholds
from store.gazetteer import default_gazetteer
from store.learning.model_files import Deployment, with_learnt
from store.understander import build_understander


def deployment_of(settings: Settings) -> Deployment:
    """The catalogue of this service, with what was learnt for it last."""
    return with_learnt(settings.catalogue, settings.model_dirs)


def build_reader(
    settings: Settings, deployment: Deployment | None = None, *, learning: bool = False
) -> Reader:
    """Load the gazetteer and a catalogue with its places, by default with the model beside it."""
    matching = settings.matching
    deployment = deployment or with_learnt(settings.catalogue, [settings.catalogue_dir])
    gazetteer = default_gazetteer(
        place_sure=matching.place_sure,
        place_margin=matching.place_margin,
        areas=deployment.catalogue.areas,
    )
    thresholds = Thresholds(
        category_sure=matching.category_sure,
        category_margin=matching.category_margin,
        command_typo=matching.command_typo,
    )
    build = partial(
        build_understander,
        gazetteer,
        thresholds,
        deployment.catalogue,
        model=deployment.model,
        learning=learning,
    )
    return Reader(build, deployment.catalogue, gazetteer)

from tests.activities.conftest import desk, the_phones
from tests.starter.test_forward import acceptor, client, temporal

__all__ = ["acceptor", "client", "desk", "temporal", "the_phones"]

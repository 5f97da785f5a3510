from api.conftest import edge  # noqa: F401 - a fixture

from mintmark.core.environments import environment, rollback_environment


def test_two_channels_never_share_an_environment():
    names = [environment("a-b", "c"), environment("a", "b-c"), rollback_environment("a", "b"), environment("a", "b")]
    assert names == ["a-b/c", "a/b-c", "a/b/rollback", "a/b"]

using Strata.Core;

namespace Strata.Core.Tests;

public class IdTextTests
{
    [Fact]
    public void Format_ThenTryParse_GivesTheSameId()
    {
        for (var i = 0; i < 1000; i++)
        {
            var id = EntityId.New(TimeProvider.System).Value;
            Assert.True(IdText.TryParse("dep", IdText.Format("dep", id), out var parsed));
            Assert.Equal(id, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("dep_")]
    [InlineData("rel_00000000000000000000000000")]
    [InlineData("dep_8zzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("dep_0000000000000000000000000i")]
    [InlineData("dep_000000000000000000000000000")]
    public void TryParse_NotAnId_IsFalse(string text) => Assert.False(IdText.TryParse("dep", text, out _));
}

using Strata.Server.Hosting;

namespace Strata.Server.Tests.Hosting;

public sealed class ServerPlaceTests : IDisposable
{
    private readonly string parent = Directory.CreateTempSubdirectory("strata-place-").FullName;

    public void Dispose() => Folder.Delete(parent);

    [Fact]
    public void Of_SameFolder_IsTheSame_AndACopysIsAnother()
    {
        var original = Directory.CreateDirectory(Path.Combine(parent, "original")).FullName;
        var copy = Directory.CreateDirectory(Path.Combine(parent, "copy")).FullName;
        var place = ServerPlace.Of(original);
        Assert.Equal(32, place.Length);
        File.WriteAllText(Path.Combine(original, "server.id"), "one");
        Assert.Equal(place, ServerPlace.Of(original));
        Assert.NotEqual(place, ServerPlace.Of(copy));
        Directory.Move(original, original + "-renamed");
        Assert.Equal(place, ServerPlace.Of(original + "-renamed")); // its lock came with it
    }
}

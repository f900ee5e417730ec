using Strata.Server.Logging;

namespace Strata.Server.Tests.Logging;

public sealed class OutputFileBoundTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-output-").FullName;

    public void Dispose() => Folder.Delete(folder);

    [Fact]
    public void FileOfStrata_BeginsAgain_BeyondTheBound()
    {
        var (file, bound) = Open("up.out");
        bound.Wrote(1); // the first line looks
        File.WriteAllText(file, new string('x', 2000));
        bound.Wrote(10);
        Assert.Equal(2000, new FileInfo(file).Length); // it is looked at now and then only
        bound.Wrote(100);
        Assert.Equal(0, new FileInfo(file).Length);
        File.WriteAllText(file, new string('x', 900));
        bound.Wrote(100);
        Assert.Equal(900, new FileInfo(file).Length);
    }

    [Fact]
    public void FileBehindALinkedFolder_BeginsAgainToo()
    {
        var link = folder + "-link";
        Directory.CreateSymbolicLink(link, folder);
        try
        {
            var (file, descriptor) = (Path.Combine(folder, "up.out"), Path.Combine(folder, "fd"));
            File.WriteAllText(file, new string('x', 2000));
            File.CreateSymbolicLink(descriptor, file);
            new OutputFileBound(link, descriptor, bytesMax: 1000).Wrote(1);
            Assert.Equal(0, new FileInfo(file).Length);
        }
        finally
        {
            Directory.Delete(link);
        }
    }

    [Theory]
    [InlineData("mine.log")]
    [InlineData("elsewhere/up.out")]
    public void FileOfAUser_IsLeftAlone(string name)
    {
        Directory.CreateDirectory(Path.Combine(folder, "elsewhere"));
        var (file, bound) = Open(name);
        File.WriteAllText(file, new string('x', 2000));
        bound.Wrote(1000);
        Assert.Equal(2000, new FileInfo(file).Length);
    }

    private (string File, OutputFileBound Bound) Open(string name)
    {
        var (file, descriptor) = (Path.Combine(folder, name), Path.Combine(folder, "fd"));
        File.CreateSymbolicLink(descriptor, file);
        return (file, new OutputFileBound(folder, descriptor, bytesMax: 1000));
    }
}

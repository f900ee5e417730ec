using System.Formats.Tar;
using System.IO.Compression;
using Strata.Contracts;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Images;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Build;

public sealed class DockerBuildTests
{
    private const string Dockerfile = """
        FROM scratch
        COPY index.html /site/index.html
        ENV COLOR=red SHAPE=round
        WORKDIR /site
        EXPOSE 9000 8081
        ENTRYPOINT ["/bin/server"]
        CMD ["--fast"]
        """;

    [Fact]
    public async Task Build_Dockerfile_PacksTheImagesRootAndKeepsHowItRuns()
    {
        var engine = await DockerEngine.FindAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(engine.Name is null, engine.Missing);
        await using var cloud = await TestCloud.StartAsync();
        using var folder = new TempFolder().With("Dockerfile", Dockerfile).With("index.html", "hello");
        await cloud.DeploymentAsync("app", new DeploymentSpec { Env = new Dictionary<string, string> { ["COLOR"] = "blue" } });
        await cloud.ReleaseAsync("app", "app-1", folder.Archive());
        var release = await cloud.UntilBuiltAsync("app-1");
        var log = await cloud.LogAsync(release);
        Assert.True(release.State == ReleaseStates.Ready, log);
        Assert.Contains($"Detected a Dockerfile, built by {engine.Name}", log, StringComparison.Ordinal);
        Assert.Equal(["/bin/server", "--fast"], release.Status.Command);
        Assert.Equal(8081, release.Status.Port);
        Assert.Equal(("blue", "round"), (release.Spec.Env!["COLOR"], release.Spec.Env["SHAPE"]));
    }

    [Fact]
    public async Task Layer_RootWithDevices_KeepsFilesFoldersAndLinksOnly()
    {
        using var source = new MemoryStream();
        using (var tar = new TarWriter(source, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "bin/"));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "bin/a") { DataStream = new MemoryStream("abc"u8.ToArray()) });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "bin/b") { LinkName = "bin/a" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.CharacterDevice, "dev/null") { DeviceMajor = 1, DeviceMinor = 3 });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "dev/zero") { LinkName = "dev/null" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "sh") { LinkName = "/bin/a" });
        }
        source.Position = 0;
        using var target = new MemoryStream();
        var layer = new RootLayerWriter(1 << 20);
        // Read and written as pipes are, which cannot seek.
        await using (var forward = new GZipStream(target, CompressionLevel.NoCompression, leaveOpen: true))
            Assert.True((await layer.WriteAsync(source, forward, default)).IsOk);
        target.Position = 0;
        using var reader = new TarReader(new GZipStream(target, CompressionMode.Decompress));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry) names.Add(entry.Name);
        Assert.Equal(["bin/", "bin/a", "bin/b", "sh"], names);
        Assert.Equal(["left out: dev/null: a pipe, socket or device", "left out: dev/zero: a hard link to what is not in the image"],
            layer.LeftOut.Lines());
    }

    [Fact]
    public async Task Layer_TooLarge_IsRefused()
    {
        using var source = new MemoryStream();
        using (var tar = new TarWriter(source, TarEntryFormat.Pax, leaveOpen: true))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "big") { DataStream = new MemoryStream(new byte[4096]) });
        source.Position = 0;
        Assert.Contains("does not fit", (await new RootLayerWriter(1024).WriteAsync(source, Stream.Null, default)).Error!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Image_ToldByDocker_IsRead()
    {
        var image = DockerImage.Parse("""{"Size":12,"Entrypoint":null,"Cmd":["/a"],"Env":["A=b=c"],"WorkingDir":"","User":"","ExposedPorts":{"8443/tcp":{},"53/udp":{},"8080/tcp":{}}}""")!;
        Assert.Equal(["/a"], image.Command);
        Assert.Equal(8080, image.Port);
        Assert.Equal("b=c", image.EnvUnder(new Dictionary<string, string>())["A"]);
        Assert.Null(DockerImage.Parse("Error: no such image"));
    }
}

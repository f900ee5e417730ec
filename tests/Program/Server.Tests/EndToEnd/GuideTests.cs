using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// docs/entities/guide.md, followed from the top by either of its tracks: each command runs as it stands there, and prints what is printed
/// there. With STRATA_REWRITE=1 what is printed there is written anew; read the difference before you commit it.
/// </summary>
public sealed class GuideTests
{
    private const int BlocksMin = 10;
    private static readonly string Guide = Path.Combine(Cloud.Samples, "../docs/entities/guide.md");

    [Theory]
    [InlineData("cli")]
    [InlineData("curl")]
    public async Task Guide_FollowedFromTheTop_PrintsWhatItSays(string track)
    {
        await using var cloud = new Cloud();
        (await cloud.UpAsync()).ShouldSucceed();
        var markdown = await File.ReadAllTextAsync(Guide);
        var blocks = GuideBlock.Read(markdown).Where(b => b.IsOf(track)).ToList();
        Assert.True(blocks.Count >= BlocksMin, $"only {blocks.Count} blocks of the guide are marked for {track}");
        var ran = await GuideShell.RunAsync(cloud, blocks);
        Assert.Equal(blocks.Count, ran.Count);
        if (Environment.GetEnvironmentVariable("STRATA_REWRITE") == "1")
        {
            await File.WriteAllTextAsync(
                Guide, GuideBlock.Rewrite(markdown, blocks.Zip(ran).ToDictionary(b => b.First, b => b.Second.Output)));
            return;
        }
        foreach (var (block, printed) in blocks.Zip(ran))
        {
            Assert.True(GuideBlock.Plain(block.Expected) == GuideBlock.Plain(printed.Output),
                $"{block.Commands}\nprinted\n{printed.Output}\nand not\n{block.Expected}");
            Assert.True(printed.ExitCode == 0 || block.Expected.Length > 0, $"{block.Commands}\nended with {printed.ExitCode}");
        }
    }
}

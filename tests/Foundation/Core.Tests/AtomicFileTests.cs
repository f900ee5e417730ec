namespace Strata.Core.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public async Task Reader_FindsTheOldOrTheNew_NeverAPart()
    {
        var path = Path.Combine(Path.GetTempPath(), "strata-whole-" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        var texts = new[] { new string('a', 50_000), new string('b', 50_000) };
        AtomicFile.Write(path, texts[0]);
        try
        {
            var writing = Task.Run(
                () => { for (var i = 0; i < 300; i++) AtomicFile.Write(path, texts[i % 2]); }, TestContext.Current.CancellationToken);
            do Assert.Contains(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), texts);
            while (!writing.IsCompleted);
            await writing;
        }
        finally
        {
            File.Delete(path);
        }
    }
}

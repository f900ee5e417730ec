using Microsoft.Extensions.Logging.Abstractions;
using Strata.Client;
using Strata.Core;
using Strata.Edge.Tests.Support;
using Strata.Edge.Tls;

namespace Strata.Edge.Tests.Tls;

/// <summary>Where an edge has the keys of certificates.</summary>
public class CertificateStoreTests : IDisposable
{
    private readonly TestCertificates certificates = new();

    public void Dispose()
    {
        certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Key_IsFetchedOnce_AndKeptForThisUserAlone()
    {
        await using var api = await FakeApi.StartAsync();
        var (chain, key, fingerprint) = certificates.Issue("a.example.com");
        var record = TestCertificates.Record(fingerprint, "a.example.com");
        api.PutKey(record.Id, fingerprint, chain, key);
        await using (var store = StoreOf(api))
        {
            var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.FindAsync(record, default).AsTask()));
            Assert.All(found, f => Assert.Same(found[0], f));
            Assert.NotNull(found[0]);
        }
        Assert.Equal(1, api.KeyRequests);
        var file = Assert.Single(Directory.GetFiles(certificates.FolderOfFiles));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(certificates.FolderOfFiles));
        api.Token = "another"; // as if the control plane were gone
        await using var later = StoreOf(api);
        Assert.NotNull(await later.FindAsync(record, default));
        Assert.Equal(1, api.KeyRequests);
    }

    [Fact]
    public async Task Prepare_FetchesWhatIsMissing_AndDeletesWhatIsNotUsed()
    {
        await using var api = await FakeApi.StartAsync();
        var records = Enumerable.Range(0, 10).Select(i =>
        {
            var (chain, key, fingerprint) = certificates.Issue($"h{i}.example.com");
            var record = TestCertificates.Record(fingerprint, $"h{i}.example.com");
            if (i != 3) api.PutKey(record.Id, fingerprint, chain, key); // the others come all the same
            return record;
        }).ToList();
        var old = certificates.Put("old.example.com");
        await using var store = StoreOf(api);
        store.Prepare([.. records, TestCertificates.Record(null, "pending.example.com")]);
        var expected = records.Where((_, i) => i != 3).Select(r => $"{r.Id}.{r.Fingerprint}.pem").Order().ToList();
        await Wait.UntilAsync(() => Directory.GetFiles(certificates.FolderOfFiles).Select(f => Path.GetFileName(f)!).Order()
            .SequenceEqual(expected), "the files are those of the table");
        Assert.Null(await store.FindAsync(old, default));
        store.Prepare([]);
        await Wait.UntilAsync(() => Directory.GetFiles(certificates.FolderOfFiles).Length == 0, "no key is left", 30);
    }

    /// <summary>A key for another certificate than the table's would break the host's handshakes.</summary>
    [Fact]
    public async Task Key_OfAnotherCertificateByNow_IsNotUsed()
    {
        await using var api = await FakeApi.StartAsync();
        var (chain, key, fingerprint) = certificates.Issue("a.example.com");
        var record = TestCertificates.Record(new string('a', 64), "a.example.com");
        api.PutKey(record.Id, fingerprint, chain, key);
        await using var store = StoreOf(api);
        Assert.Null(await store.FindAsync(record, default));
        Assert.Empty(Directory.GetFiles(certificates.FolderOfFiles));
    }

    [Fact]
    public async Task Ready_AreAtMostSoMany_AndOthersAreReadAgain()
    {
        var records = Enumerable.Range(0, 12).Select(i => certificates.Put($"h{i}.example.com")).ToList();
        await using var store = new CertificateStore(
            certificates.Folder.Path, new TlsLimits { ReadyMax = 4 }, null, NullLogger.Instance, TimeProvider.System);
        foreach (var record in records.Concat(records)) Assert.NotNull(await store.FindAsync(record, default));
        Assert.InRange(store.Ready, 1, 5);
    }

    [Fact]
    public async Task BrokenFile_ConcernsItsOwnHostAlone()
    {
        var (good, bad) = (certificates.Put("good.example.com"), certificates.Put("bad.example.com"));
        await File.WriteAllTextAsync(certificates.FileOf(bad), "nonsense");
        await using var store = StoreOf(null);
        Assert.Null(await store.FindAsync(bad, default));
        Assert.NotNull(await store.FindAsync(good, default));
    }

    /// <summary>A garbled file is fetched again.</summary>
    [Fact]
    public async Task BrokenFile_IsReplaced()
    {
        await using var api = await FakeApi.StartAsync();
        var (chain, key, fingerprint) = certificates.Issue("a.example.com");
        var record = TestCertificates.Record(fingerprint, "a.example.com");
        api.PutKey(record.Id, fingerprint, chain, key);
        Directory.CreateDirectory(certificates.FolderOfFiles);
        await File.WriteAllTextAsync(certificates.FileOf(record), "nonsense");
        await using var store = StoreOf(api);
        Assert.NotNull(await store.FindAsync(record, default));
        Assert.StartsWith("-----BEGIN", await File.ReadAllTextAsync(certificates.FileOf(record)));
    }

    /// <summary>What cannot be kept serves from memory, and leaves nothing behind.</summary>
    [Fact]
    public async Task PlaceThatCannotBeWritten_KeepsNoHostAway()
    {
        await using var api = await FakeApi.StartAsync();
        var (chain, key, fingerprint) = certificates.Issue("a.example.com");
        var record = TestCertificates.Record(fingerprint, "a.example.com");
        api.PutKey(record.Id, fingerprint, chain, key);
        Directory.CreateDirectory(certificates.FileOf(record)); // in the way
        await using var store = StoreOf(api);
        Assert.NotNull(await store.FindAsync(record, default));
        Assert.Empty(Directory.GetFiles(certificates.FolderOfFiles));
    }

    [Fact]
    public async Task Replaced_ServesUntilItsSuccessorIsHere()
    {
        await using var api = await FakeApi.StartAsync();
        var former = certificates.Put("a.example.com");
        var (chain, key, fingerprint) = certificates.Issue("a.example.com");
        var next = TestCertificates.Record(fingerprint, "a.example.com");
        await using var store = StoreOf(api);
        store.Prepare([next]);
        var served = await store.FindAsync(next, default);
        Assert.Equal(former.Fingerprint, FingerprintOf(served));
        Assert.True(File.Exists(certificates.FileOf(former)));
        api.PutKey(next.Id, fingerprint, chain, key);
        await Wait.UntilAsync(async () => FingerprintOf(await store.FindAsync(next, default)) == fingerprint, "the successor serves", 30);
        await Wait.UntilAsync(() => !File.Exists(certificates.FileOf(former)), "the former one's file is gone", 30);
    }

    private static string? FingerprintOf(System.Net.Security.SslServerAuthenticationOptions? options) =>
        options is null ? null : Fingerprint.Of(options.ServerCertificateContext!.TargetCertificate);

    private CertificateStore StoreOf(FakeApi? api) => new(
        certificates.Folder.Path, new TlsLimits(), api is null ? null : new StrataClient(api.Url, api.Token), NullLogger.Instance,
        TimeProvider.System);
}

using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.EntityApi.Transfer;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Transfer;

/// <summary>An organization's data, out and in again.</summary>
public abstract class TransferContract(IStore store) : IAsyncLifetime
{
    private EntityHost host = null!;
    private HttpClient from = null!;
    private HttpClient into = null!;
    private string id = "";

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        from = host.Client();
        into = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        await OkAsync(from, "POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """[{"number":"A1","price":0.10},{"number":"A1","price":12345678901234567890.123456789}]""");
        await OkAsync(from, "PUT", "/api/model/book/1/unique-keys", """{"uniqueKeys":[{"id":"number","fields":["$.number"]}]}""");
        await OkAsync(from, "PUT", "/api/model/book/1/lock");
        var many = string.Join(',', Enumerable.Range(0, 50).Select(i => $$"""{"number":"N{{i}}","price":{{i}}.50}"""));
        await OkAsync(from, "POST", "/api/entity/JSON/book/1?transactionWindow=20", $"[{many}]");
        var created = await OkAsync(from, "POST", "/api/entity/JSON/book/1", """{"number":"first","price":0.10}""");
        id = created.Body[0].GetProperty("entityIds")[0].GetString()!;
        await OkAsync(from, "PUT", $"/api/entity/JSON/{id}", """{"number":"second","price":12345678901234567890.123456789}""");
        var gone = await OkAsync(from, "POST", "/api/entity/JSON/book/1", """{"number":"gone"}""");
        await OkAsync(from, "DELETE", "/api/entity/" + gone.Body[0].GetProperty("entityIds")[0].GetString());
    }

    public async ValueTask DisposeAsync()
    {
        from.Dispose();
        into.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task ExportAndImport_GivesEqualHistories()
    {
        var export = await from.GetStringAsync("/api/export");
        var imported = await ImportAsync(export);
        Assert.True(imported.Status == 200, imported.Body.ToString());
        Assert.Equal("COMPLETE", imported.Text("state"));
        Assert.Equal("COMPLETE", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));

        Assert.Equal(Last(export).GetProperty("digest").GetString(), imported.Text("digest"));
        Assert.Equal(Last(export).GetProperty("digest").GetString(),
            Last(await into.GetStringAsync("/api/export")).GetProperty("digest").GetString());
        foreach (var path in (string[])[$"/api/entity/{id}", $"/api/entity/{id}/changes", "/api/entity/book/1?pageSize=100",
            "/api/model/export/SIMPLE_VIEW/book/1"])
            Assert.Equal(await from.GetStringAsync(path), await into.GetStringAsync(path));
        var first = (await from.SendJsonAsync("GET", $"/api/entity/{id}/changes")).Body[1].GetProperty("transactionId").GetString();
        Assert.Equal(
            "first", (await into.SendJsonAsync("GET", $"/api/entity/{id}?transactionId={first}")).Body.GetProperty("data")
                .GetProperty("number").GetString());

        var taken = await into.SendJsonAsync("POST", "/api/entity/JSON/book/1", """{"number":"second"}""");
        Assert.Equal(409, taken.Status); // its unique key came along
        await OkAsync(into, "PUT", $"/api/entity/JSON/{id}", """{"number":"third","price":1}""");
        Assert.Equal((409, "IMPORT_COMPLETE"), Outcome(await ImportAsync(export)));
        Assert.Equal((409, "NOT_EMPTY"), Outcome(await ImportAsync(await from.GetStringAsync("/api/export"))));
    }

    [Fact]
    public async Task Import_WhoseClientGivesUpAfterTheLastByte_GoesOn_AndARetryFindsItDone()
    {
        var export = await from.GetStringAsync("/api/export");
        var transfers = new ClientLeavesTransfers(store.Transfers, new HttpContextAccessor());
        await using var second = await EntityHost.StartAsync(
            store, configure: services => services.AddHttpContextAccessor().AddSingleton<ITransfers>(transfers));
        using var client = new HttpClient { BaseAddress = second.Address };
        client.DefaultRequestHeaders.Authorization = into.DefaultRequestHeaders.Authorization;

        using var patience = new CancellationTokenSource();
        var giveUp = PostAsync(client, export, patience.Token);
        await await Task.WhenAny(transfers.Publishes, giveUp);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => giveUp);

        while ((await into.SendJsonAsync("GET", "/api/import")).Text("state") != "COMPLETE")
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(200, (await into.SendJsonAsync("GET", $"/api/entity/{id}")).Status);
        (int, string?) outcome;
        while ((outcome = Outcome(await ImportAsync(export))) == (409, "IMPORT_RUNNING"))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal((409, "IMPORT_COMPLETE"), outcome);
    }

    [Fact]
    public async Task Import_ThatBreaksOff_IsMarkedAndSeenByNobody_AndGoesOnOrIsDiscarded()
    {
        var export = await from.GetStringAsync("/api/export");
        var half = export[..(export.IndexOf('\n', export.Length / 2) + 1)];
        Assert.Equal((400, "IMPORT_INCOMPLETE"), Outcome(await ImportAsync(half)));
        Assert.Equal("UNFINISHED", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));
        Assert.Equal(404, (await into.SendJsonAsync("GET", $"/api/entity/{id}")).Status);
        Assert.Equal(0, (await into.SendJsonAsync("GET", "/api/model/")).Body.GetArrayLength());
        Assert.Equal((409, "IMPORT_UNFINISHED"), Outcome(await into.SendJsonAsync("GET", "/api/export")));

        Assert.Equal((409, "IMPORT_UNFINISHED"), Outcome(await ImportAsync(await from.GetStringAsync("/api/export"))));
        Assert.Equal(200, (await ImportAsync(export)).Status);
        Assert.Equal(200, (await into.SendJsonAsync("GET", $"/api/entity/{id}")).Status);
        Assert.Equal(404, (await into.SendJsonAsync("DELETE", "/api/import")).Status);
    }

    [Fact]
    public async Task Import_WhoseSourceFallsSilent_IsNoBadLine_AndKeepsWhatHasArrived()
    {
        var export = await from.GetStringAsync("/api/export");
        var silent = new Pipe();
        await silent.Writer.WriteAsync(Encoding.UTF8.GetBytes(export[..(export.Length / 2)]), TestContext.Current.CancellationToken);
        await using (var lease = await HeldLease.TryTakeAsync(
            store.Leases, $"import/{host.OtherOrg}", "test", TimeSpan.FromMinutes(1), TimeProvider.System,
            TestContext.Current.CancellationToken))
        {
            var lines = new LineReader(silent.Reader, TransferLines.LineBytesMax, TimeSpan.FromMilliseconds(50), TimeProvider.System);
            using var importer = new Importer(
                store.Transfers, store.DurableValues, TimeProvider.System, host.OtherOrg, lease!.Fence, lines);
            var ended = await importer.RunAsync(TestContext.Current.CancellationToken, TestContext.Current.CancellationToken);
            Assert.Equal((ErrorKind.RequestTimeout, "IMPORT_SILENT"), (ended.Error!.Kind, ended.Error.Code));
        }
        var state = await ImportState.ReadAsync(store.DurableValues, host.OtherOrg, TestContext.Current.CancellationToken);
        Assert.True(state is { State: ImportState.Unfinished, Staged: > 0 });
        Assert.Equal(200, (await ImportAsync(export)).Status);
    }

    [Fact]
    public async Task Import_Discarded_LeavesNothing()
    {
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.Length / 2)]);
        Assert.Equal(204, (await into.SendJsonAsync("DELETE", "/api/import")).Status);
        Assert.Equal("NONE", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));
        Assert.Equal(200, (await ImportAsync(await from.GetStringAsync("/api/export"))).Status);
    }

    [Fact]
    public async Task Write_DuringAnUnfinishedImport_IsRefused_AndTheImportIsFinished()
    {
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.Length / 2)]);
        Assert.Equal((409, "IMPORT_IN_PROGRESS"), Outcome(await ImportModelAsync("cup")));
        await host.TokenAsync(host.OtherOrg, "developer", ["developer"]); // the platform's own resources are no part of a history
        Assert.Equal(200, (await ImportAsync(export)).Status);
        Assert.Equal(200, (await ImportModelAsync("cup")).Status);
    }

    [Fact]
    public async Task Write_AfterAnImportWasCancelled_IsAccepted()
    {
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.Length / 2)]);
        Assert.Equal((409, "IMPORT_IN_PROGRESS"), Outcome(await ImportModelAsync("cup")));
        Assert.Equal(204, (await into.SendJsonAsync("DELETE", "/api/import")).Status);
        Assert.Equal(200, (await ImportModelAsync("cup")).Status);
    }

    [Fact]
    public async Task Write_AfterAnImportHasExpired_IsAccepted_AndTheImportIsGivenUp()
    {
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.Length / 2)]);
        await ExpireAsync();
        Assert.Equal(200, (await ImportModelAsync("cup")).Status);
        Assert.Equal(200, (int)(await into.GetAsync("/api/export")).StatusCode);
        Assert.Equal((409, "NOT_EMPTY"), Outcome(await ImportAsync(export)));
        await HoldsNothingOfAnImportAsync();
        Assert.Equal(200, (await ImportModelAsync("saucer")).Status);
    }

    [Fact]
    public async Task Import_AfterAnotherHasExpired_BeginsAfresh_AndTheSameGoesOn()
    {
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.Length / 2)]);
        await ExpireAsync();
        var other = await from.GetStringAsync("/api/export");
        await ImportAsync(other[..(other.Length / 3)]);
        Assert.Equal((409, "IMPORT_UNFINISHED"), Outcome(await ImportAsync(export)));
        await ExpireAsync();
        Assert.Equal(200, (await ImportAsync(other)).Status);
    }

    [Fact]
    public async Task Sweep_OfImportsThatExpired_RemovesThemADayLater()
    {
        var supervisor = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance);
        var sweeper = new ImportSweeper(store.Transfers, store.DurableValues, store.Leases, TimeProvider.System, supervisor);
        var export = await from.GetStringAsync("/api/export");
        await ImportAsync(export[..(export.IndexOf('\n', export.Length / 2) + 1)]);
        await sweeper.SweepAsync(default);
        await ExpireAsync();
        await sweeper.SweepAsync(default);
        Assert.Equal("UNFINISHED", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));
        Assert.NotEmpty((await store.Transfers.StagedAsync(host.OtherOrg, Revision.None, 10, default)).Changes);

        await ExpireAsync(TimeSpan.FromDays(1));
        await sweeper.SweepAsync(default);
        await HoldsNothingOfAnImportAsync();
        Assert.Equal(200, (await ImportAsync(export)).Status);
    }

    private async Task HoldsNothingOfAnImportAsync()
    {
        Assert.Equal("NONE", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));
        Assert.Empty((await store.Transfers.StagedAsync(host.OtherOrg, Revision.None, 10, default)).Changes);
        Assert.DoesNotContain(
            host.OtherOrg, await store.Transfers.ExpiredAsync(TimeProvider.System.GetUtcNow().AddYears(1), null, 1000, default));
    }

    [Fact]
    public async Task Import_WhoseSuccessorHasPublishedIt_IsComplete()
    {
        var export = await from.GetStringAsync("/api/export");
        var slow = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)); // each write ends when it was read
        var (header, half) = (export.IndexOf('\n') + 1, export.IndexOf('\n', export.Length / 2) + 1);
        var lease = $"import/{host.OtherOrg}";
        var fence = new Fence(lease, (await store.Leases.TryHoldAsync(lease, "slow", TimeSpan.FromMinutes(1), default))!.Value);
        var lines = new LineReader(slow.Reader, TransferLines.LineBytesMax, TimeSpan.FromMinutes(5), TimeProvider.System);
        using var importer = new Importer(store.Transfers, store.DurableValues, TimeProvider.System, host.OtherOrg, fence, lines);
        var slowly = importer.RunAsync(TestContext.Current.CancellationToken, TestContext.Current.CancellationToken);
        await slow.Writer.WriteAsync(Encoding.UTF8.GetBytes(export[..header]), TestContext.Current.CancellationToken);
        await slow.Writer.WriteAsync(Encoding.UTF8.GetBytes(export[header..half]), TestContext.Current.CancellationToken);
        await store.Leases.ReleaseAllAsync(lease, default);
        var imported = await ImportAsync(export);
        Assert.Equal(200, imported.Status);

        await slow.Writer.WriteAsync(Encoding.UTF8.GetBytes(export[half..]), TestContext.Current.CancellationToken);
        await slow.Writer.CompleteAsync();
        var ended = await slowly;
        Assert.True(ended.IsOk, ended.Error?.Message);
        Assert.Equal(imported.Text("digest"), ended.Value.Digest);
    }

    [Fact]
    public async Task Import_OfSomethingElse_IsRefused()
    {
        var export = await from.GetStringAsync("/api/export");
        Assert.Equal(400, (await ImportAsync("")).Status);
        Assert.Equal((400, "IMPORT_INVALID"), Outcome(await ImportAsync("""{"type":"revision"}""")));
        Assert.Equal((400, "IMPORT_INVALID"), Outcome(await ImportAsync("not json")));
        Assert.Equal("NONE", (await into.SendJsonAsync("GET", "/api/import")).Text("state"));
        Assert.Equal(
            (400, "IMPORT_INVALID"),
            Outcome(await ImportAsync(export.Replace("\"model\":\"book\"", "\"model\":\"strata.token\"", StringComparison.Ordinal))));
        Assert.Equal((400, "IMPORT_INVALID"), Outcome(await ImportAsync(Regex.Replace(export, "(\"changedAt\":\")[0-9]{4}", "${1}9999"))));
        Assert.Equal(
            (400, "IMPORT_INVALID"), Outcome(await ImportAsync(Regex.Replace(export, "(\"revision\":)[0-9]+", "${1}9223372036854775806"))));
        Assert.Equal((400, "IMPORT_DAMAGED"), Outcome(await ImportAsync(export.Replace("\"N7\"", "\"X7\"", StringComparison.Ordinal))));
        Assert.Equal(
            (400, "IMPORT_DAMAGED"), Outcome(await ImportAsync(Regex.Replace(export, "(\"head\":)[0-9]+", "${1}9223372036854775607"))));
        Assert.Equal(
            (400, "IMPORT_INVALID"), Outcome(await ImportAsync(export.Replace("\"changedAt\"", "\"at\"", StringComparison.Ordinal))));
        Assert.Equal(0, (await into.SendJsonAsync("GET", "/api/model/")).Body.GetArrayLength());
        Assert.Equal(409, (await PostAsync(from, export)).Status);
    }

    [Fact]
    public async Task Export_HoldsNothingOfThePlatform_AndNeedsItsPermission()
    {
        var export = await from.GetStringAsync("/api/export");
        Assert.DoesNotContain("strata.token", export, StringComparison.Ordinal);
        Assert.DoesNotContain("strata.project", export, StringComparison.Ordinal);
        using var application = host.Client(await host.TokenAsync(host.Org, "app", ["application"]));
        Assert.Equal(403, (await application.SendJsonAsync("GET", "/api/export")).Status);
        using var developer = host.Client(await host.TokenAsync(host.Org, "dev", ["developer"]));
        Assert.Equal(403, (await PostAsync(developer, export)).Status);
    }

    private Task<JsonAnswered> ImportModelAsync(string name) =>
        into.SendJsonAsync("POST", $"/api/model/import/JSON/SAMPLE_DATA/{name}/1", "[{\"size\":1}]");

    /// <summary>As if a day had gone by, and as long.</summary>
    private async Task ExpireAsync(TimeSpan ago = default)
    {
        await using var lease = await HeldLease.TryTakeAsync(
            store.Leases, $"import/{host.OtherOrg}", "test", TimeSpan.FromMinutes(1), TimeProvider.System,
            TestContext.Current.CancellationToken);
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1) - ago;
        var state = await ImportState.ReadAsync(store.DurableValues, host.OtherOrg, default);
        await (state! with { ExpiresAt = past }).WriteAsync(store.DurableValues, host.OtherOrg, lease!.Fence, default);
        Assert.True(await store.Transfers.OpenAsync(host.OtherOrg, lease.Fence, default));
        Assert.True(await store.Transfers.CloseAsync(host.OtherOrg, past, lease.Fence, default));
    }

    private Task<JsonAnswered> ImportAsync(string export) => PostAsync(into, export);

    private static async Task<JsonAnswered> PostAsync(HttpClient http, string export, CancellationToken cancellationToken = default)
    {
        using var content = new ByteArrayContent(
            Encoding.UTF8.GetBytes(export)) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
        using var response = await http.PostAsync("/api/import", content, cancellationToken);
        return new JsonAnswered(
            (int)response.StatusCode, response.Headers, JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    private static (int, string?) Outcome(JsonAnswered answer) =>
        (answer.Status, answer.Body.GetProperty("properties").GetProperty("errorCode").GetString());

    private static JsonElement Last(string export) =>
        JsonElement.Parse(export.TrimEnd('\n')[(export.TrimEnd('\n').LastIndexOf('\n') + 1)..]);

    private static async Task<JsonAnswered> OkAsync(HttpClient http, string method, string path, string? body = null)
    {
        var answer = await http.SendJsonAsync(method, path, body);
        Assert.True(answer.Status == 200, $"{method} {path}: {answer.Status} {answer.Body}");
        return answer;
    }
}

public sealed class MemoryTransferTests() : TransferContract(new MemoryStore());

public sealed class PostgresTransferTests(TestServer server) : TransferContract(PostgresDatabase.Reused(server));

using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Entities;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Models;

/// <summary>Models in and out, and entities against them.</summary>
public abstract class ModelContract(IStore store) : EntityApiContract(store)
{
    private const string Import = "/api/model/import";

    [Fact]
    public async Task Import_Xml_IsASampleLikeJson()
    {
        const string Xml = """<prize year="2024"><category>physics</category><laureate><id>1037</id></laureate><laureate><id>1038</id><share>0.5</share></laureate></prize>""";
        Assert.Equal(200, (await Http.SendJsonAsync("POST", $"{Import}/XML/SAMPLE_DATA/prize/1", Xml, "application/xml")).Status);
        var view = (await Http.SendJsonAsync("GET", "/api/model/export/SIMPLE_VIEW/prize/1")).Body;
        Assert.Equal("UNLOCKED", view.GetProperty("currentState").GetString());
        Assert.Equal(
            """{"$":{"#.laureate":"OBJECT",".category":"STRING",".year":"INTEGER"},"$.laureate[*]":{"#":"ARRAY_ELEMENT",".id":"INTEGER",".share":"DOUBLE"}}""",
            view.GetProperty("model").GetRawText());
        Assert.Equal(
            (400, "BAD_REQUEST"),
            Refusal(await Http.SendJsonAsync("POST", $"{Import}/XML/SAMPLE_DATA/prize/1", "<!DOCTYPE a><a/>", "application/xml")));
        Assert.Equal(
            (400, "INVALID_PATH"), Refusal(await Http.SendJsonAsync("POST", $"{Import}/XML/SIMPLE_VIEW/prize/1", Xml, "application/xml")));
        Assert.Equal((400, "VALIDATION_FAILED"),
            Refusal(await Http.SendJsonAsync("POST", $"{Import}/XML/SAMPLE_DATA/prize/1", "<a>text</a>", "application/xml")));
        Assert.Equal(415, (await Http.SendJsonAsync("POST", $"{Import}/XML/SAMPLE_DATA/prize/1", Xml)).Status);
    }

    [Theory]
    [InlineData("SIMPLE_VIEW")]
    [InlineData("JSON_SCHEMA")]
    public async Task Export_ImportedElsewhere_IsTheSame(string converter)
    {
        Assert.Equal(200, (await Http.SendJsonAsync("POST", $"{Import}/JSON/SAMPLE_DATA/a/1", """[{"id":"x","v":1,"big":12345678901234567890123,"o":{"l":[[1.5],["s"]]}},{"v":{"w":true}}]""")).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", "/api/model/a/1/unique-keys", """{"uniqueKeys":[{"id":"by-id","fields":["$.id"]}]}""")).Status);
        var export = await Http.SendJsonAsync("GET", $"/api/model/export/{converter}/a/1");
        Assert.Equal(200, (await Http.SendJsonAsync("POST", $"{Import}/JSON/{converter}/b/1", export.Body.GetRawText())).Status);
        Assert.Equal(export.Body.GetRawText(), (await Http.SendJsonAsync("GET", $"/api/model/export/{converter}/b/1")).Body.GetRawText());
        Assert.Equal("by-id", export.Body.GetProperty("uniqueKeys")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Export_JsonSchema_SaysAnyOfWherePlacesAreSeveralThings()
    {
        await Http.SendJsonAsync("POST", $"{Import}/JSON/SAMPLE_DATA/a/1", """[{"s":"x","p":1},{"p":"y","l":["z"],"o":{"b":true}}]""");
        var model = (await Http.SendJsonAsync("GET", "/api/model/export/JSON_SCHEMA/a/1")).Body.GetProperty("model");
        Assert.Equal(
            """{"type":"object","properties":{"l":{"type":"array","items":{"type":"string"}},"o":{"type":"object","properties":{"b":{"type":"boolean"}}},"p":{"anyOf":[{"type":"string"},{"type":"integer","format":"int32"}]},"s":{"type":"string"}}}""",
            model.GetRawText());
        Assert.Equal((400, "INVALID_PATH"), Refusal(await Http.SendJsonAsync("GET", "/api/model/export/SAMPLE_DATA/a/1")));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("GET", "/api/model/export/JSON_SCHEMA/none/1")));
    }

    [Theory]
    [InlineData("SIMPLE_VIEW", "[]")]
    [InlineData("SIMPLE_VIEW", """{"$":{".a":"NONSENSE"}}""")]
    [InlineData("SIMPLE_VIEW", """{"$":{"a":"STRING"}}""")]
    [InlineData("SIMPLE_VIEW", """{"$.a[0]":{".b":"STRING"}}""")]
    [InlineData("SIMPLE_VIEW", """{"model":1,"currentState":"LOCKED"}""")]
    [InlineData("JSON_SCHEMA", """{"type":"string"}""")]
    [InlineData("JSON_SCHEMA", """{"type":"object","properties":{"a":{"$ref":"#"}}}""")]
    [InlineData("JSON_SCHEMA", "true")]
    public async Task Import_BadView_IsRefused(string converter, string body)
    {
        Assert.Equal((400, "VALIDATION_FAILED"), Refusal(await Http.SendJsonAsync("POST", $"{Import}/JSON/{converter}/a/1", body)));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("GET", "/api/model/export/SIMPLE_VIEW/a/1")));
    }

    [Fact]
    public async Task Validate_Document_AnswersEitherWay()
    {
        var good = await Http.SendJsonAsync("POST", "/api/model/validate/item/1", """{"n":2}""");
        Assert.True(good.Body.GetProperty("success").GetBoolean());
        var bad = await Http.SendJsonAsync("POST", "/api/model/validate/item/1", """{"n":"2","m":1}""");
        Assert.Equal((200, false), (bad.Status, bad.Body.GetProperty("success").GetBoolean()));
        Assert.StartsWith(
            "INCOMPATIBLE_TYPE: The document does not fit the model item.1: n is STRING, and the model has INTEGER there; m is not in the model.", bad.Text("message"), StringComparison.Ordinal);
        Assert.Equal(
            ("item", 1),
            (bad.Body.GetProperty("modelKey").GetProperty("name").GetString(),
                bad.Body.GetProperty("modelKey").GetProperty("version").GetInt32()));
        Assert.Equal((400, "BAD_REQUEST"), Refusal(await Http.SendJsonAsync("POST", "/api/model/validate/item/1", "[1]")));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("POST", "/api/model/validate/none/1", "{}")));
    }

    [Fact]
    public async Task Write_ThatDoesNotFit_IsRefusedEverywhere()
    {
        var (id, _) = await CreateAsync();
        const string Bad = """{"n":1.5}""";
        var type = (400, "INCOMPATIBLE_TYPE");
        var refused = await Http.SendJsonAsync("POST", Items, Bad);
        Assert.Equal(type, Refusal(refused));
        var properties = refused.Body.GetProperty("properties");
        Assert.Equal(
            ["item", "1", "n", "DOUBLE"], ((string[])["entityName", "entityVersion", "fieldPath", "actualType"])
                .Select(name => properties.GetProperty(name).GetString()));
        Assert.Equal("""["INTEGER"]""", properties.GetProperty("expectedType").GetRawText());
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("POST", Items, $"[{Bad}]")));
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", Bad)));
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}/UPDATE", Bad)));
        Assert.Equal(type, Refusal(await Http.PatchAsync($"/api/entity/JSON/{id}", Bad, ("If-Match", "*"))));
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("POST", "/api/entity/XML/item/1", "<r><n>1.5</n></r>", "application/xml")));
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("POST", "/api/entity/JSON", $$"""[{"model":{"name":"item","version":1},"payload":{{Quoted(Bad)}}}]""")));
        Assert.Equal(type, Refusal(await Http.SendJsonAsync("PUT", "/api/entity/JSON", $$"""[{"id":"{{id}}","payload":{{Quoted(Bad)}}}]""")));
        Assert.Equal((400, "VALIDATION_FAILED"), Refusal(await Http.SendJsonAsync("POST", Items, """{"other":1}""")));
        Assert.Equal(1, await CountAsync());
        Assert.Equal("""{"n":1,"name":"a"}""", Sorted((await GetAsync(id)).GetProperty("data")));
    }

    [Fact]
    public async Task Write_AtAChangeLevel_GrowsTheModel_AndAPatchDoesNot()
    {
        var (id, _) = await CreateAsync();
        var set = await Http.SendJsonAsync("POST", "/api/model/item/1/changeLevel/STRUCTURAL");
        Assert.True(set.Body.GetProperty("success").GetBoolean());
        Assert.Equal((400, "VALIDATION_FAILED"), Refusal(await Http.PatchAsync($"/api/entity/JSON/{id}", """{"tags":["x"]}""", ("If-Match", "*"))));
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"n":1.5,"tags":["x"]}""")).Status);
        Assert.Equal(200, (await Http.PatchAsync($"/api/entity/JSON/{id}", """{"tags":["y"]}""", ("If-Match", "*"))).Status);
        var view = (await Http.SendJsonAsync("GET", "/api/model/export/SIMPLE_VIEW/item/1")).Body;
        Assert.Equal("""{"$":{".n":"DOUBLE",".name":"STRING",".tags[*]":"STRING"}}""", view.GetProperty("model").GetRawText());
        Assert.Equal("LOCKED", view.GetProperty("currentState").GetString());
        Assert.Equal("STRUCTURAL", (await Http.SendJsonAsync("GET", "/api/model/")).Body[0].GetProperty("changeLevel").GetString());
    }

    [Fact]
    public async Task Write_ThatGrowsTheModel_WithAKey_IsAnsweredAgainWithItsEntitiesOnly()
    {
        await Http.SendJsonAsync("POST", "/api/model/item/1/changeLevel/STRUCTURAL");
        const string Body = """[{"a":1},{"b":1}]""";
        var first = await Http.SendJsonAsync("POST", Items, Body, headers: ("Idempotency-Key", "k"));
        var again = await Http.SendJsonAsync("POST", Items, Body, headers: ("Idempotency-Key", "k"));
        Assert.Equal((200, 2), (first.Status, first.Body[0].GetProperty("entityIds").GetArrayLength()));
        Assert.Equal(
            first.Body[0].GetProperty("entityIds").EnumerateArray().Select(e => e.GetString()).Order(),
            again.Body[0].GetProperty("entityIds").EnumerateArray().Select(e => e.GetString()).Order());
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task Write_ByManyAtOnce_ThatAllGrowTheModel_AllSucceed()
    {
        await Http.SendJsonAsync("POST", "/api/model/item/1/changeLevel/STRUCTURAL");
        var written = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Http.SendJsonAsync("POST", Items, $$"""{"f{{i % 20}}":{{i}}}""")));
        Assert.All(written, one => Assert.True(one.Status == 200, one.Body.ToString()));
        var view = (await Http.SendJsonAsync("GET", "/api/model/export/SIMPLE_VIEW/item/1")).Body;
        Assert.Equal(22, view.GetProperty("model").GetProperty("$").EnumerateObject().Count());
    }

    [Fact]
    public async Task Change_WithAKey_TakesEffectOnceAndIsAnsweredAlike()
    {
        foreach (var (method, path, body) in ((string, string, string?)[])
            [
                ("POST", $"{Import}/JSON/SAMPLE_DATA/once/1", """{"a":1}"""), ("PUT", "/api/model/once/1/unique-keys", """{"uniqueKeys":[]}"""), ("PUT", "/api/model/once/1/lock", null),
                ("POST", "/api/model/once/1/changeLevel/TYPE", null), ("POST", "/api/model/once/1/workflow/import", """{"workflows":[]}"""), ("PUT", "/api/model/once/1/unlock", null), ("DELETE", "/api/model/once/1", null),
            ])
        {
            var key = ("Idempotency-Key", path + method);
            var first = await Http.SendJsonAsync(method, path, body, headers: key);
            var head = await Host.Log.HeadAsync(Host.Org, default);
            var again = await Http.SendJsonAsync(method, path, body, headers: key);
            Assert.Equal((200, 200), (first.Status, again.Status));
            Assert.Equal(first.Body.ToString(), again.Body.ToString());
            Assert.Equal(head, await Host.Log.HeadAsync(Host.Org, default));
        }
    }

    [Fact]
    public async Task ChangeLevel_Bad_IsRefused()
    {
        var refused = await Http.SendJsonAsync("POST", "/api/model/item/1/changeLevel/EVERYTHING");
        Assert.Equal((400, "INVALID_CHANGE_LEVEL"), Refusal(refused));
        Assert.Equal("""["ARRAY_LENGTH","ARRAY_ELEMENTS","TYPE","STRUCTURAL"]""", refused.Body.GetProperty("properties").GetProperty("validValues").GetRawText());
        Assert.Equal("EVERYTHING", refused.Body.GetProperty("properties").GetProperty("suppliedValue").GetString());
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("POST", "/api/model/none/1/changeLevel/TYPE")));
    }

    [Fact]
    public async Task Lifecycle_RefusesWhatItsStateDoesNotAllow()
    {
        Assert.Equal((409, "MODEL_ALREADY_LOCKED"), Refusal(await Http.SendJsonAsync("PUT", "/api/model/item/1/lock")));
        Assert.Equal((409, "MODEL_ALREADY_LOCKED"), Refusal(await Http.SendJsonAsync("POST", $"{Import}/JSON/SAMPLE_DATA/item/1", "{}")));
        Assert.Equal((409, "MODEL_ALREADY_LOCKED"), Refusal(await Http.SendJsonAsync("DELETE", "/api/model/item/1")));
        Assert.Equal((409, "MODEL_ALREADY_LOCKED"), Refusal(await Http.SendJsonAsync("PUT", "/api/model/item/1/unique-keys", """{"uniqueKeys":[]}""")));
        var (id, _) = await CreateAsync();
        var held = await Http.SendJsonAsync("PUT", "/api/model/item/1/unlock");
        Assert.Equal((409, "MODEL_HAS_ENTITIES"), Refusal(held));
        Assert.Equal("1", held.Body.GetProperty("properties").GetProperty("entityCount").GetString());
        Assert.Equal(200, (await Http.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", "/api/model/item/1/unlock")).Status);
        Assert.Equal((409, "MODEL_ALREADY_UNLOCKED"), Refusal(await Http.SendJsonAsync("PUT", "/api/model/item/1/unlock")));
        Assert.Equal((409, "MODEL_NOT_LOCKED"), Refusal(await Http.SendJsonAsync("POST", Items, "{}")));
        Assert.Equal((422, "INVALID_UNIQUE_KEY_DEFINITION"), Refusal(await Http.SendJsonAsync("PUT", "/api/model/item/1/unique-keys", """{"uniqueKeys":[{"id":"k","fields":[]}]}""")));
        Assert.Equal(200, (await Http.SendJsonAsync("DELETE", "/api/model/item/1")).Status);
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("PUT", "/api/model/item/1/lock")));
    }

    [Fact]
    public async Task UniqueKeys_HoldOverHttp()
    {
        await Http.SendJsonAsync("POST", $"{Import}/JSON/SAMPLE_DATA/user/1", """{"org":"a","handle":"b","n":1}""");
        await Http.SendJsonAsync("PUT", "/api/model/user/1/unique-keys", """{"uniqueKeys":[{"id":"k","fields":["$.org","$.handle"]}]}""");
        await Http.SendJsonAsync("PUT", "/api/model/user/1/lock");
        async Task<JsonAnswered> CreateUserAsync(string body) => await Http.SendJsonAsync("POST", "/api/entity/JSON/user/1", body);
        Assert.Equal(200, (await CreateUserAsync("""{"org":"a","handle":"b"}""")).Status);
        Assert.Equal((409, "UNIQUE_VIOLATION"), Refusal(await CreateUserAsync("""{"org":"a","handle":"b"}""")));
        Assert.Equal(200, (await CreateUserAsync("""{"org":"a","handle":"B"}""")).Status);
        Assert.Equal((422, "INVALID_UNIQUE_KEY"), Refusal(await CreateUserAsync("""{"org":"a"}""")));
        Assert.Equal(200, (await CreateUserAsync("""{"n":1}""")).Status);
        Assert.Equal(200, (await CreateUserAsync("""{"n":1}""")).Status);
    }

    private static string Sorted(JsonElement json) =>
        "{" + string.Join(
            ',', json.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => $"\"{m.Name}\":{m.Value.GetRawText()}"))
                + "}";
}

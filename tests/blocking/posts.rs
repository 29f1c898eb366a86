//! The examples of Diesel's guides (`getting_started_step_3`, `relations`), unchanged but for the connection's type.

use diesel::{pg::Pg, prelude::*};

use crate::store::{connect, database, map, value};

mod schema {
    diesel::table! { posts (id) { id -> Int4, title -> Varchar, body -> Text, published -> Bool } }
    diesel::table! { books (id) { id -> Int4, title -> Varchar } }
    diesel::table! { pages (id) { id -> Int4, page_number -> Int4, content -> Text, book_id -> Int4 } }
    diesel::joinable!(pages -> books (book_id));
    diesel::allow_tables_to_appear_in_same_query!(books, pages);
}

mod models {
    use super::schema::{books, pages, posts};
    use diesel::prelude::*;

    #[derive(Queryable, Selectable, Debug, PartialEq)]
    #[diesel(table_name = posts)]
    #[diesel(check_for_backend(diesel::pg::Pg))]
    pub struct Post {
        pub id: i32,
        pub title: String,
        pub body: String,
        pub published: bool,
    }

    #[derive(Insertable)]
    #[diesel(table_name = posts)]
    pub struct NewPost<'a> {
        pub title: &'a str,
        pub body: &'a str,
    }

    #[derive(Queryable, Identifiable, Selectable, Debug, PartialEq, Clone)]
    #[diesel(table_name = books)]
    pub struct Book {
        pub id: i32,
        pub title: String,
    }

    #[derive(Queryable, Selectable, Identifiable, Associations, Debug, PartialEq)]
    #[diesel(belongs_to(Book))]
    #[diesel(table_name = pages)]
    pub struct Page {
        pub id: i32,
        pub page_number: i32,
        pub content: String,
        pub book_id: i32,
    }
}

use models::{Book, NewPost, Page, Post};

fn create_post(conn: &mut impl LoadConnection<Backend = Pg>, title: &str, body: &str) -> Post {
    use schema::posts;

    let new_post = NewPost { title, body };

    diesel::insert_into(posts::table)
        .values(&new_post)
        .returning(Post::as_returning())
        .get_result(conn)
        .expect("Error saving new post")
}

fn publish_post(connection: &mut impl LoadConnection<Backend = Pg>, id: i32) -> Post {
    use schema::posts::dsl::{posts, published};

    diesel::update(posts.find(id))
        .set(published.eq(true))
        .returning(Post::as_returning())
        .get_result(connection)
        .unwrap()
}

fn show_posts(connection: &mut impl LoadConnection<Backend = Pg>) -> Vec<Post> {
    use schema::posts::dsl::*;

    posts
        .filter(published.eq(true))
        .limit(5)
        .select(Post::as_select())
        .load(connection)
        .expect("Error loading posts")
}

fn delete_post(connection: &mut impl LoadConnection<Backend = Pg>, target: &str) -> usize {
    use schema::posts::dsl::*;

    let pattern = format!("%{target}%");
    diesel::delete(posts.filter(title.like(pattern)))
        .execute(connection)
        .expect("Error deleting posts")
}

use diesel::connection::LoadConnection;

#[test]
fn posts_are_created_read_updated_and_deleted() {
    let database = database();
    for tenant in ["client1", "client2"] {
        database.run(&format!(
            "CREATE TABLE {tenant}.posts (id serial PRIMARY KEY, title varchar NOT NULL, body text NOT NULL,
                 published boolean NOT NULL DEFAULT false)"
        ));
    }
    let one = &mut connect(&database, map("client1"));
    let other = &mut connect(&database, map("client2"));
    let post = create_post(one, "Diesel demo", "first");
    create_post(one, "Another", "second");
    create_post(other, "Diesel elsewhere", "third");
    assert!(!post.published);
    assert_eq!(show_posts(one), []);
    let published = publish_post(one, post.id);
    assert_eq!(show_posts(one), [published]);
    assert_eq!(show_posts(other), []);
    assert_eq!(delete_post(one, "Diesel"), 1);
    assert_eq!(value(&database, "SELECT title FROM client1.posts"), "Another");
    assert_eq!(value(&database, "SELECT title FROM client2.posts"), "Diesel elsewhere");
}

#[test]
fn relations_are_loaded_and_grouped() {
    use schema::{books, pages};

    let database = database();
    for (tenant, number) in [("client1", 2), ("client2", 1)] {
        database.run(&format!(
            "CREATE TABLE {tenant}.books (id serial PRIMARY KEY, title varchar NOT NULL);
             CREATE TABLE {tenant}.pages (id serial PRIMARY KEY, page_number int NOT NULL, content text NOT NULL,
                 book_id int NOT NULL REFERENCES {tenant}.books);
             INSERT INTO {tenant}.books (title) VALUES ('{tenant} Momo'), ('{tenant} Ronja');
             INSERT INTO {tenant}.pages (page_number, content, book_id)
                 SELECT n, '{tenant} ' || n, 1 FROM generate_series(1, {number}) n"
        ));
    }
    for (tenant, number) in [("client1", 2), ("client2", 1)] {
        let conn = &mut connect(&database, map(tenant));
        let momo = books::table
            .filter(books::title.eq(format!("{tenant} Momo")))
            .select(Book::as_select())
            .get_result(conn)
            .unwrap();
        let found = Page::belonging_to(&momo).select(Page::as_select()).load(conn).unwrap();
        assert_eq!(found.len(), number);

        let all_books = books::table
            .select(Book::as_select())
            .order(books::id)
            .load(conn)
            .unwrap();
        let pages = Page::belonging_to(&all_books)
            .select(Page::as_select())
            .load(conn)
            .unwrap();
        let pages_per_book: Vec<(Book, Vec<Page>)> = pages
            .grouped_by(&all_books)
            .into_iter()
            .zip(all_books)
            .map(|(pages, book)| (book, pages))
            .collect();
        let sizes: Vec<usize> = pages_per_book.iter().map(|(_, pages)| pages.len()).collect();
        assert_eq!(sizes, [number, 0]);

        let page_with_book: Vec<(Page, Book)> = pages::table
            .inner_join(books::table)
            .select((Page::as_select(), Book::as_select()))
            .load(conn)
            .unwrap();
        assert!(
            page_with_book
                .iter()
                .all(|(page, book)| page.content.starts_with(tenant) && book == &momo)
        );
        let book_without_pages: Vec<(Book, Option<Page>)> = books::table
            .left_join(pages::table)
            .filter(pages::id.is_null())
            .select((Book::as_select(), Option::<Page>::as_select()))
            .load(conn)
            .unwrap();
        assert_eq!(book_without_pages.len(), 1);
    }
}
